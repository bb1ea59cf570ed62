"""Every default and bound in one place. All of them can be overridden: pass a changed copy where `limits` is taken.

Sizes are bytes, times seconds.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import NamedTuple


class Limits(NamedTuple):
    """Bounds and defaults of one engine, server or client."""

    # a document
    max_depth: int = 64                     #: nesting of elements, SyncML needs fewer than 20
    max_message: int = 4 * 1024 * 1024      #: a message that a peer may send us, whatever it was told
    max_commands: int = 65_536              #: commands and items in one message
    # a session
    max_msg_size: int = 150_000             #: MaxMsgSize that we announce
    min_msg_size: int = 2_000               #: a peer that announces less gets messages of this size all the same
    default_peer_msg_size: int = 16_384     #: for a peer that announces no MaxMsgSize
    max_obj_size: int = 32 * 1024 * 1024    #: MaxObjSize that we announce
    max_datastores: int = 32                #: datastores in one session
    max_messages: int = 20_000              #: messages in one session
    max_uri: int = 512                      #: length of a LocURI, LUID or GUID
    max_id: int = 128                       #: length of a SessionID, MsgID or CmdID
    idle_messages: int = 16                 #: messages in a row that bring nothing before the session is given up
    # a server
    session_timeout: int = 1800             #: an idle session is dropped after this
    max_sessions: int = 64                  #: sessions open at once
    max_sessions_unauthenticated: int = 32  #: of these, not yet logged in
    max_sessions_per_user: int = 16         #: of these, of one user; where nobody logs in, of one network address
    # a client
    connect_timeout: float = 30.0
    read_timeout: float = 300.0             #: some servers think for minutes
    retries: int = 3                        #: repeats of the identical message
    retry_delay: float = 1.0                #: before the first repeat, doubled each time
    # data
    guard_items: int = 3                    #: a side with at least so many items that loses all of them stops the run
    guard_share: int = 20                   #: with fewer than one in so many left, all counts as lost
    trash_items: int = 1000                 #: deleted items and losers of conflicts kept for each datastore
    trash_bytes: int = 16 * 1024 * 1024
    lock_wait: float = 10.0                 #: for a datastore that another session or process holds
    batch_items: int = 200                  #: items asked from a store at a time


DEFAULT = Limits()
