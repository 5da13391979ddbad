cdef class Origin:
    cdef readonly object scheme, host, port, service


cdef class Channel:
    cdef readonly Origin origin
    cdef readonly str target
    cpdef may_belong_to(self, service)

