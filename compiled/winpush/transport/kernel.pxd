cdef class KernelSocket:
    cdef int _fd
    cpdef Py_ssize_t receive(self, object view) except -1
    cpdef Py_ssize_t send(self, bytes wire) except -1


cdef class TlsSocket(KernelSocket):
    cdef object _receive, _send
