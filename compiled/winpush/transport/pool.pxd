from winpush.transport.connection cimport Connection


cdef class Host:
    cdef public Pool pool
    cdef public object route
    cdef public list idle
    cdef public object waiting, lent
    cdef public Py_ssize_t open, opening
    cdef public bint hangs
    cdef double _newest, _newest_since
    cpdef send(self, job)
    cpdef submit(self, job)
    cpdef release(self, Connection connection)
    cdef Connection _take_idle(self)


cdef class Pool:
    cdef public object limits, loop, view, connections, starved, closed, pace
    cdef public object lender, _reactor, _opening, _tasks, _sweep
    cdef public dict hosts
    cpdef Host host(self, route)
    cpdef owes_room(self, Host host)
    cpdef watch(self)
