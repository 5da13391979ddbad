cpdef read_usual(object view, Py_ssize_t size)
