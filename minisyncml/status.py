"""SyncML status codes and alert codes by name; what a code means, nothing about when to send it.

Numbers and names: OMA SyncML Representation Protocol 1.2.2, section 10; alert codes: OMA DS Protocol 1.2.1.
"""

from __future__ import annotations

IN_PROGRESS = 101
OK = 200
ITEM_ADDED = 201
ACCEPTED = 202
PARTIAL = 206
CONFLICT_MERGED = 207
CONFLICT_CLIENT_WON = 208
CONFLICT_DUPLICATE = 209
DELETE_WITHOUT_ARCHIVE = 210
NOT_DELETED = 211
AUTH_ACCEPTED = 212
CHUNK_ACCEPTED = 213
CANCELLED = 214
NOT_EXECUTED = 215
BAD_REQUEST = 400
INVALID_CREDENTIALS = 401
FORBIDDEN = 403
NOT_FOUND = 404
NOT_ALLOWED = 405
UNSUPPORTED_FEATURE = 406
MISSING_CREDENTIALS = 407
CONFLICT = 409
SIZE_REQUIRED = 411
INCOMPLETE_COMMAND = 412
TOO_LARGE = 413
UNSUPPORTED_TYPE = 415
SIZE_TOO_BIG = 416
RETRY_LATER = 417
ALREADY_EXISTS = 418
CONFLICT_SERVER_WON = 419
DEVICE_FULL = 420
SOFT_DELETE_CONFLICT = 423
SIZE_MISMATCH = 424
PERMISSION_DENIED = 425
PARTIAL_NOT_ACCEPTED = 426
COMMAND_FAILED = 500
NOT_IMPLEMENTED = 501
UNAVAILABLE = 503
UNSUPPORTED_DTD = 505
PROCESSING_ERROR = 506
ATOMIC_FAILED = 507
REFRESH_REQUIRED = 508
STORE_FAILURE = 510
SERVER_FAILURE = 511
SYNC_FAILED = 512
UNSUPPORTED_PROTOCOL = 513
OPERATION_CANCELLED = 514

ALERT_DISPLAY = 100
ALERT_TWO_WAY = 200
ALERT_SLOW = 201
ALERT_ONE_WAY_FROM_CLIENT = 202
ALERT_REFRESH_FROM_CLIENT = 203
ALERT_ONE_WAY_FROM_SERVER = 204
ALERT_REFRESH_FROM_SERVER = 205
ALERT_RESULT = 221
ALERT_NEXT_MESSAGE = 222
ALERT_NO_END_OF_DATA = 223
ALERT_SUSPEND = 224
ALERT_RESUME = 225

NAMES = {
    101: "in progress", 200: "OK", 201: "item added", 202: "accepted for processing",
    203: "non-authoritative response", 204: "no content", 205: "reset content", 206: "partial content",
    207: "conflict resolved with merge", 208: "conflict resolved, client won",
    209: "conflict resolved with duplicate", 210: "deleted without archive", 211: "item not deleted",
    212: "authentication accepted", 213: "chunk accepted", 214: "operation cancelled", 215: "not executed",
    216: "atomic rolled back", 300: "multiple choices", 301: "moved permanently", 302: "found",
    303: "see other", 304: "not modified", 305: "use proxy", 400: "bad request", 401: "invalid credentials",
    402: "payment required", 403: "forbidden", 404: "not found", 405: "command not allowed",
    406: "optional feature not supported", 407: "missing credentials", 408: "request timeout",
    409: "conflict", 410: "gone", 411: "size required", 412: "incomplete command",
    413: "request entity too large", 414: "URI too long", 415: "unsupported media type or format",
    416: "requested size too big", 417: "retry later", 418: "already exists",
    419: "conflict resolved with server data", 420: "device full", 421: "unknown search grammar",
    422: "bad CGI script or filter query", 423: "soft-delete conflict", 424: "size mismatch",
    425: "permission denied", 426: "partial item not accepted", 427: "item not empty", 428: "move failed",
    500: "command failed", 501: "command not implemented", 502: "bad gateway", 503: "service unavailable",
    504: "gateway timeout", 505: "DTD version not supported", 506: "processing error", 507: "atomic failed",
    508: "refresh required", 510: "data store failure", 511: "server failure", 512: "synchronization failed",
    513: "protocol version not supported", 514: "operation cancelled", 516: "atomic roll back failed",
    517: "atomic response too large to fit",
}


def name(code: int) -> str:
    """The words for a status code; an unknown code is named by its class (Representation 1.2.2, section 10).

    :param code: a SyncML status code, 100 to 599
    :returns: a short phrase in lower case
    """
    return NAMES.get(code) or NAMES.get(code // 100 * 100, "unknown status")


def succeeded(code: int) -> bool:
    """Whether a code says that the receiver has done what was asked.

    :param code: a SyncML status code
    :returns: True for every 2xx but 213 to 215, which leave the work undone
    """
    return 200 <= code < 300 and code not in (CHUNK_ACCEPTED, CANCELLED, NOT_EXECUTED)
