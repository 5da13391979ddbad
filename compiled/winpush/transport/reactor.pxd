cimport cython


cdef class Reactor:
    cdef public object loop
    cdef object _epoll
    cdef list _writes
    cdef dict _handlers
    cpdef write_soon(self, writer, bytes wire)
    @cython.locals(writes=list, stirred=set)
    cpdef flush(self)
    @cython.locals(handlers=dict)
    cpdef _ready(self)
