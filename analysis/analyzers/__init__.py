"""One file here is one analyzer. Adding one = one file and one test; they never import each other."""
