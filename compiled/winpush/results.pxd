from winpush.channels cimport Channel
from winpush.http cimport Response


cdef class Verdict:
    cdef readonly object outcome, action, meaning, delay, backoff, max_delay, minutes_to_delay, source


cdef class StatusHeaders:
    cdef readonly tuple notification_status, device_connection_status, subscription_status, message_id
    cdef readonly tuple error_description, debug_trace, correlation_vector


cdef class Result:
    cdef readonly Channel channel
    cdef readonly object notification
    cdef readonly Verdict verdict
    cdef readonly StatusHeaders headers
    cdef readonly Response response
    cdef readonly object error, retry_after, key, diagnosis
    cdef _read(self, tuple names)

