cimport cython

from winpush._make cimport make_response
from winpush.http cimport Response
from winpush.transport.fast_response cimport read_usual


cdef class Connection:
    cdef readonly object _owner, _view  # its kind on the loop's transports is not compiled
    cdef object _parser
    cdef list _headers, _body
    cdef Py_ssize_t _received
    cdef Response _answer
    cdef bint _keep_alive
    cdef str _reason
    cdef public object host, job
    cdef public double deadline, idle_since
    cdef public bint used, closed
    cpdef bint is_quiet(self) except -1
    cpdef bint _write(self, bytes wire) except -1
    cpdef start(self, job)
    cpdef refused(self)
    cpdef received(self, Py_ssize_t nbytes)
    cdef _answered(self, job, Response answer)
