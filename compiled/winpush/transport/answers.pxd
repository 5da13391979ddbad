cimport cython

from winpush.messages cimport make_response


@cython.locals(lines=list, status=tuple, index=dict, length=tuple)
cpdef read_usual(bytes data)
