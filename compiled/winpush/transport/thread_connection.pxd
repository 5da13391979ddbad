from winpush.transport.connection cimport Connection
from winpush.transport.epoll_connection cimport EpollConnection
from winpush.transport.host cimport Host


cdef class _ThreadHome:
    cdef public object desk, view
    cpdef release(self, Connection connection)


cdef class ThreadConnection(Connection):
    cdef public EpollConnection pooled
    cdef public Host origin
    cdef public object desk
    cdef _ThreadHome _home
    cdef object _look, _sock
    cdef double _patience
    cdef long long _taken
    cpdef long long _count(self) except? -3
    cpdef bint is_good(self) except -1
    cpdef run(self, job, double seconds)
    cdef _wait_for(self, double seconds)
    cpdef _set_patience(self, double seconds)
    cdef _read(self)


cdef class TimedConnection(ThreadConnection):
    pass
