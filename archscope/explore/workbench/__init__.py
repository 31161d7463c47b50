"""The page of `archscope ui`: designs seen, filtered, pinned and compared in a browser."""
