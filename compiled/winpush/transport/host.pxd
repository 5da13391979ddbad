from winpush.transport.connection cimport Connection


cdef class HostPool:
    cdef public object limits, loop, closed, connections, starved, rate_limit, checkout
    cdef public dict hosts
    cdef public bint is_watched
    cdef public double now, idle_seconds
    cpdef Host host(self, route)
    cpdef watch(self)
    cpdef grow(self, Host host)
    cpdef owes_room(self, Host host)


cdef class Host:
    cdef public HostPool pool
    cdef public object route
    cdef public list idle
    cdef public object waiting, checked_in
    cdef public Py_ssize_t open, opening
    cdef public bint hangs
    cdef public double starved_since
    cdef double _newest, _newest_since
    cpdef send(self, job, app)
    cpdef submit(self, job)
    cpdef release(self, Connection connection)
    cdef Connection _take_idle(self)
