cimport cython

from winpush.messages cimport Response


@cython.locals(get=object)
cpdef judge(Response response)
