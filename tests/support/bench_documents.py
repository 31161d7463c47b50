"""Documents of `archscope.bench/1` of round numbers, for tests."""


def entry(network, median, ratio, **changes):
    return {
        "network": network,
        "mode": "step",
        "batch": 8,
        "seconds": [median],
        "median": median,
        "quartiles": [0.9 * median, 1.1 * median],
        "images_per_second": 8 / median,
        "ratio": ratio,
        "peak_memory_bytes": None,
        "group": "",
        "published_seconds": None,
        "published_ratio": None,
        "roofline": None,
        **changes,
    }


def document(*results, **changes):
    machine = {
        "processor": "Imaginary CPU",
        "device": "cpu",
        "device_name": None,
        "cpus": 2,
        "threads": 1,
        "precision": "fp32",
        "memory_format": "channels_last",
        "malloc_tuned": True,
        "load_average": 0.25,
        "torch": "2.0",
        "python": "3.11",
        "archscope": "0.1",
    }
    return {
        "schema": "archscope.bench/1",
        "machine": machine,
        "setting": {
            "modes": {"step": "forward, backward and SGD"},
            "batch": 8,
            "rounds": 3,
            "warmup": 2,
            "memory": None,
        },
        "peak": None,
        "published": None,
        "networks": [{"name": one["network"], "input": [3, 224, 224]} for one in results],
        "results": list(results),
        **changes,
    }
