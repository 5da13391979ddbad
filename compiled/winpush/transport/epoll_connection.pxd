from winpush.transport.connection cimport Connection
from winpush.transport.kernel cimport KernelSocket, TlsSocket
from winpush.transport.reactor cimport Reactor


cdef class EpollConnection(Connection):
    cdef Reactor _reactor
    cdef readonly object sock
    cdef KernelSocket _kernel
    cdef bytes _backlog
    cdef bint _unsent
    cdef public int fd
    cpdef write_now(self, bytes wire, bint stirred)
    cpdef _handle(self, int mask)


cdef class EpollTlsConnection(EpollConnection):
    cdef object _tls
