from winpush.transport.host cimport Host, HostPool


cdef class Pool(HostPool):
    cdef public object view
    cdef object _reactor, _opening, _tasks, _sweep, _sweep_at, _stood_still
