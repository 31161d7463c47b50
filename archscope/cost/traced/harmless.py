"""The operators that are known to multiply nothing: the data behind "this count is exact".

Of torch's operators these neither multiply matrices nor convolve. They compute element by element,
reduce, normalise, pool, resize by interpolation, draw or move: none of that is a multiply-add,
whichever way it is written, as a bias is none. What is neither here nor counted may hide some.
"""

from __future__ import annotations

_ELEMENTWISE = """
abs absolute acos acosh add addcdiv addcmul angle arccos arccosh arcsin arcsinh arctan arctan2
arctanh asin asinh atan atan2 atanh ceil celu clamp clamp_max clamp_min clip conj conj_physical
copysign cos cosh deg2rad digamma div divide elu erf erfc erfinv exp exp2 expm1
fake_quantize_per_channel_affine fake_quantize_per_channel_affine_cachemask
fake_quantize_per_tensor_affine fake_quantize_per_tensor_affine_cachemask fix float_power floor
floor_divide fmax fmin fmod frac frexp gelu glu hardshrink hardsigmoid hardswish hardtanh
heaviside hypot i0 igamma igammac imag ldexp leaky_relu lerp lgamma log log10 log1p log2
log_sigmoid log_sigmoid_forward logaddexp logaddexp2 logit maximum minimum mish mul multiply
mvlgamma nan_to_num neg negative nextafter polar polygamma positive pow prelu _prelu_kernel
rad2deg real reciprocal relu relu6 remainder round rrelu rrelu_with_noise rsqrt rsub selu sgn
sigmoid sign silu sin sinc sinh softplus softshrink sqrt square sub subtract tan tanh threshold
true_divide trunc xlogy special_digamma special_entr special_erf special_erfc special_erfcx
special_erfinv special_exp2 special_expit special_expm1 special_gammainc special_gammaincc
special_gammaln special_i0 special_i0e special_i1 special_i1e special_log1p special_log_ndtr
special_logit special_multigammaln special_ndtr special_ndtri special_polygamma special_psi
special_round special_sinc special_xlog1py special_xlogy special_zeta addr cross ger kron
linalg_cross linalg_vander outer vander
"""
_COMPARING = """
__and__ __iand__ __ilshift__ __ior__ __irshift__ __ixor__ __lshift__ __or__ __rshift__ __xor__
allclose bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor eq
equal ge gcd greater greater_equal gt isclose isfinite isin isinf isnan isneginf isposinf isreal
lcm le less less_equal logical_and logical_not logical_or logical_xor lt ne not_equal signbit
"""
_REDUCING = """
all amax amin aminmax any argmax argmin bincount bucketize count_nonzero cummax cummin cumprod
cumsum cumulative_trapezoid diff dist frobenius_norm histc kthvalue linalg_vector_norm
logcumsumexp logsumexp max mean median min mode nanmean nanmedian nanquantile nansum norm
norm_except_dim pdist prod quantile searchsorted segment_reduce special_logsumexp std std_mean sum
sum_to_size trace trapezoid trapz var var_mean
"""
_NORMALISING = """
_batch_norm_impl_index _batch_norm_no_update _batch_norm_with_update _log_softmax _masked_softmax
_native_batch_norm_legit _native_batch_norm_legit_functional _native_batch_norm_legit_no_training
_safe_softmax _softmax _weight_norm _weight_norm_interface alpha_dropout batch_norm
cosine_similarity dropout feature_alpha_dropout feature_dropout group_norm instance_norm
layer_norm log_softmax native_batch_norm native_dropout native_group_norm native_layer_norm
pairwise_distance renorm rms_norm softmax special_log_softmax special_softmax
"""
_LOSSES = """
binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy_loss
ctc_loss hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss
multi_margin_loss multilabel_margin_loss nll_loss nll_loss2d nll_loss_forward nll_loss_nd
poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss
"""
_POOLING = """
_adaptive_avg_pool2d _adaptive_avg_pool3d _upsample_bicubic2d_aa _upsample_bilinear2d_aa
_upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d adaptive_avg_pool1d
adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
adaptive_max_pool3d avg_pool1d avg_pool2d avg_pool3d fractional_max_pool2d fractional_max_pool3d
grid_sampler grid_sampler_2d grid_sampler_3d max_pool1d max_pool1d_with_indices max_pool2d
max_pool2d_with_indices max_pool3d max_pool3d_with_indices max_unpool2d max_unpool3d
upsample_bicubic2d upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d
upsample_nearest3d upsample_trilinear3d torchvision::nms torchvision::ps_roi_align
torchvision::ps_roi_pool torchvision::roi_align torchvision::roi_pool
"""
_MOVING = """
_pack_padded_sequence _pad_circular _pad_enum _pad_packed_sequence _reshape_alias
_reshape_alias_copy _reshape_copy _reshape_from_tensor _stack _to_copy _unsafe_index
_unsafe_index_put _unsafe_masked_index _unsafe_view adjoint alias alias_copy argsort argwhere
as_strided as_strided_copy as_strided_scatter atleast_1d atleast_2d atleast_3d block_diag
broadcast_tensors broadcast_to cartesian_prod cat channel_shuffle chunk clone col2im column_stack
combinations complex concat concatenate constant_pad_nd contiguous copy detach detach_copy diag
diag_embed diagflat diagonal diagonal_copy diagonal_scatter dsplit dstack embedding expand
expand_as expand_copy fill fill_diagonal flatten flip fliplr flipud gather hsplit hstack im2col
index index_add index_copy index_fill index_put index_reduce index_select lift lift_fresh
lift_fresh_copy linalg_diagonal mH mT masked_fill masked_scatter masked_select matrix_H meshgrid
moveaxis movedim msort narrow narrow_copy native_channel_shuffle nonzero nonzero_numpy
nonzero_static numpy_T one_hot pad pad_sequence permute permute_copy pin_memory pixel_shuffle
pixel_unshuffle put ravel reflection_pad1d reflection_pad2d reflection_pad3d repeat
repeat_interleave replication_pad1d replication_pad2d replication_pad3d requires_grad reshape
reshape_as resize resize_as resolve_conj resolve_neg roll rot90 row_stack scatter scatter_add
scatter_reduce select select_copy select_scatter slice slice_copy slice_scatter sort split
split_copy split_with_sizes split_with_sizes_copy squeeze squeeze_copy stack swapaxes swapdims t
t_copy take take_along_dim tensor_split tile topk transpose transpose_copy tril triu type_as
unbind unbind_copy unflatten unfold unfold_copy unique_consecutive unique_dim _unique2
unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze unsqueeze_copy view view_as
view_as_complex view_as_complex_copy view_as_real view_as_real_copy view_copy vsplit vstack where
"""
_MAKING = """
arange bartlett_window bernoulli binomial blackman_window cauchy dequantize empty empty_like
empty_permuted empty_strided exponential eye full full_like geometric hamming_window hann_window
kaiser_window linspace log_normal logspace multinomial new_empty new_empty_strided new_full
new_ones new_zeros normal ones ones_like poisson quantize_per_channel quantize_per_tensor
quantize_per_tensor_dynamic rand rand_like randint randint_like randn randn_like random randperm
scalar_tensor tensor tril_indices triu_indices uniform zero zeros zeros_like
"""
_ASKING = """
Bool Complex Float Int IntImplicit FloatImplicit ScalarImplicit __contains__ __getitem__ __is__
__isnot__ __not__ _assert_async _assert_scalar _assert_tensor_metadata _autocast_to_full_precision
_autocast_to_reduced_precision _cast_Double _cast_Float _cast_Half _cast_Int _cast_Long
_functional_assert_async _local_scalar_dense _shape_as_tensor cpu cuda device dim double
element_size float is_complex is_floating_point is_nonzero item len numel result_type size stride
storage_offset sym_constrain_range sym_constrain_range_for_size sym_numel sym_size
sym_storage_offset sym_stride to warn
"""
HARMLESS = frozenset(
    " ".join(
        (
            *(_ELEMENTWISE, _COMPARING, _REDUCING, _NORMALISING, _LOSSES, _POOLING),
            *(_MOVING, _MAKING, _ASKING),
        )
    ).split()
)


def short_name(kind: str) -> str:
    """An operator as it is shown: without torch's `aten::` and the mark of "in place"."""
    name = kind.removeprefix("aten::")
    return name if name.endswith("__") else name.removesuffix("_")


def is_harmless(kind: str) -> bool:
    """Whether the operator of a trace, as `aten::relu_`, is known to multiply nothing."""
    return short_name(kind) in HARMLESS
