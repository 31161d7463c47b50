"""What other tools take from archscope; each file is imported only by those who have its tool."""
