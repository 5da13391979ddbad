"""Reading and writing a socket that does not block, without a way through Python's own objects for it.

Nobody waits here, so that the interpreter's lock is kept. Errors are those of Python's `socket`: BlockingIOError and the
other kinds of OSError.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrno
from libc.errno cimport EINTR, errno


cdef extern from "Python.h":
    Py_buffer* PyMemoryView_GET_BUFFER(object view)

cdef extern from "<sys/socket.h>" nogil:
    enum:
        MSG_NOSIGNAL
    ssize_t recv(int fd, void* into, size_t size, int flags)
    ssize_t send(int fd, const void* wire, size_t size, int flags)


cdef bytes copied(object view, Py_ssize_t size):
    """The first bytes of a memoryview."""
    return PyBytes_FromStringAndSize(<const char*> PyMemoryView_GET_BUFFER(view).buf, size)


cdef Py_ssize_t receive(int fd, object view) except -1:
    """Reads what has come into a memoryview; 0 when the other side has closed."""
    cdef Py_buffer* buffer = PyMemoryView_GET_BUFFER(view)
    cdef Py_ssize_t got = recv(fd, buffer.buf, buffer.len, 0)
    while got < 0:
        if errno != EINTR:
            PyErr_SetFromErrno(OSError)
        PyErr_CheckSignals()
        got = recv(fd, buffer.buf, buffer.len, 0)
    return got


cdef Py_ssize_t transmit(int fd, bytes wire) except -1:
    """Writes what the kernel takes; returns how much that was."""
    cdef Py_ssize_t put = send(fd, PyBytes_AS_STRING(wire), PyBytes_GET_SIZE(wire), MSG_NOSIGNAL)
    while put < 0:
        if errno != EINTR:
            PyErr_SetFromErrno(OSError)
        PyErr_CheckSignals()
        put = send(fd, PyBytes_AS_STRING(wire), PyBytes_GET_SIZE(wire), MSG_NOSIGNAL)
    return put
