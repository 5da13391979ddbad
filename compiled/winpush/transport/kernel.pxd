cdef bytes copied(object view, Py_ssize_t size)
cdef Py_ssize_t receive(int fd, object view) except -1
cdef Py_ssize_t transmit(int fd, bytes wire) except -1
