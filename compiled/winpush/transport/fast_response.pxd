cpdef read_usual(bytes data)
