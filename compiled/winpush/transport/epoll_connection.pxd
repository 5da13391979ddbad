from winpush.transport.connection cimport Connection
from winpush.transport.kernel cimport receive, transmit
from winpush.transport.reactor cimport Reactor


cdef class DirectConnection(Connection):
    cdef Reactor _reactor
    cdef readonly object sock
    cdef object _read, _send
    cdef bytes _backlog
    cdef bint _unsent
    cdef public int fd
    cpdef write_now(self, bytes wire, bint stirred)
    cpdef _handle(self, int mask)


cdef class TlsConnection(DirectConnection):
    cdef object _tls
