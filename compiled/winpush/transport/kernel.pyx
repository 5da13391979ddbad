"""Reading and writing a non-blocking socket, without going through Python's own objects. Replaces `kernel.py`.

Nothing waits here, so the interpreter's lock isn't released. Errors are those of Python's `socket`: BlockingIOError and
other subclasses of OSError.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrno
from libc.errno cimport EINTR, errno


cdef extern from "Python.h":
    Py_buffer* PyMemoryView_GET_BUFFER(object view)

cdef extern from "<sys/socket.h>" nogil:
    enum:
        MSG_NOSIGNAL
    ssize_t recv(int fd, void* into, size_t size, int flags)
    ssize_t send(int fd, const void* wire, size_t size, int flags)


cdef class KernelSocket:
    """A plain socket's two system calls."""

    def __init__(self, sock):
        self._fd = sock.fileno()

    cpdef Py_ssize_t receive(self, object view) except -1:
        """Reads what has come into a memoryview; 0 if the other side has closed."""
        cdef Py_buffer* buffer = PyMemoryView_GET_BUFFER(view)
        cdef Py_ssize_t got = recv(self._fd, buffer.buf, buffer.len, 0)
        while got < 0:
            if errno != EINTR:
                PyErr_SetFromErrno(OSError)
            PyErr_CheckSignals()
            got = recv(self._fd, buffer.buf, buffer.len, 0)
        return got

    cpdef Py_ssize_t send(self, bytes wire) except -1:
        """Writes what the kernel takes; returns the number of bytes."""
        cdef Py_ssize_t put = send(self._fd, PyBytes_AS_STRING(wire), PyBytes_GET_SIZE(wire), MSG_NOSIGNAL)
        while put < 0:
            if errno != EINTR:
                PyErr_SetFromErrno(OSError)
            PyErr_CheckSignals()
            put = send(self._fd, PyBytes_AS_STRING(wire), PyBytes_GET_SIZE(wire), MSG_NOSIGNAL)
        return put


cdef class TlsSocket(KernelSocket):
    """The same for a TLS socket, which raises SSLWantReadError where a plain one raises BlockingIOError."""

    def __init__(self, tls):
        self._receive = tls.recv_into
        self._send = tls.send

    cpdef Py_ssize_t receive(self, object view) except -1:
        return self._receive(view)

    cpdef Py_ssize_t send(self, bytes wire) except -1:
        return self._send(wire)
