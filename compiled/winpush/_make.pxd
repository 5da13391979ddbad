from winpush.channels cimport Channel, Origin
from winpush.http cimport Response
from winpush.results cimport Result, StatusHeaders, Verdict


cpdef Channel make_channel(Origin origin, str target)

cpdef Response make_response(status_code, tuple headers, bytes body, str reason, dict index=*)

cpdef Result make_result(
    Channel channel,
    notification,
    Verdict verdict,
    StatusHeaders headers,
    Response response,
    error,
    retry_after,
    key,
    diagnosis=*,
)
