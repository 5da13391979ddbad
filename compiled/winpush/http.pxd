cimport cython


cdef class Response:
    cdef readonly object status_code
    cdef readonly tuple headers
    cdef readonly bytes body
    cdef readonly str reason
    cdef dict _index
    @cython.locals(index=dict)
    cpdef find(self, tuple names)

