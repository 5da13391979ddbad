cimport cython

from winpush.http cimport Response


@cython.locals(get=object)
cpdef judge(Response response)
