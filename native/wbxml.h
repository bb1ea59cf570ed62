/* WBXML as SyncML uses it: command records and XML text out of a document. The whole contract of the C codec is here.
 *
 * No allocation, no global state, no callback. Every function is linear in the document, looks at no byte outside
 * [doc, doc + length) and keeps a fixed amount of stack. Documents are untrusted.
 *
 * RECORDS. wbxml_records() turns a SyncML document into fixed records of 16 int32: kind, flags, seven spans. A span is
 * (offset, length) in bytes of the document; offset -1: absent; length 0: present and empty. A text span is the content
 * of the one STR_I (without NUL) or OPAQUE of an element. A range span is a whole element: from its tag byte (after a
 * SWITCH_PAGE before it) up to and with its END.
 *
 *   kind                     spans
 *   0x00 WBXML_GENERIC       0 range of one child of SyncBody or Sync, to be read by the general decoder, starting in
 *                            the code page that the low byte of flags gives
 *   0x01 WBXML_END           end of the Sync begun by the last WBXML_SYNC
 *   0x2C WBXML_SYNCHDR       0 range, as GENERIC
 *   0x2A WBXML_SYNC          0 CmdID  1 Meta range  2 Target/LocURI  3 Source/LocURI  4 NumberOfChanges
 *   0x05 Add 0x20 Replace    one record for each Item:
 *   0x10 Delete              0 CmdID  1 Meta range of the command  2 Item/Target/LocURI  3 Item/Source/LocURI
 *                            4 Meta range of the item  5 Item/Data
 *   0x18 WBXML_MAP           one record for each MapItem:
 *                            0 CmdID  1 Meta range  2 Target/LocURI  3 Source/LocURI of the Map
 *                            4 MapItem/Target/LocURI  5 MapItem/Source/LocURI
 *   0x29 WBXML_STATUS        0 CmdID  1 MsgRef  2 CmdRef  3 Cmd  4 TargetRef  5 SourceRef  6 Data
 *   0x12 WBXML_FINAL         none
 *
 * A command becomes its fast record only when it matches a strict grammar: only the children named here (and NoResp,
 * Archive, SftDel, MoreData, which are flags), each at most once, those of the command before its first Item, at least
 * one Item; no attributes; every text one STR_I or one OPAQUE; a Meta with neither STR_T nor literal tag in it, so that
 * equal bytes of a Meta range mean equal Meta in every document. All other commands become ONE GENERIC record, and so
 * does a Sync whose children before its first command are unusual; later children of a Sync that are no known command
 * become GENERIC records of their own. Text directly inside SyncML, SyncBody or Sync is passed over.
 *
 * RUNS. wbxml_runs() tells which of these records are plain and alike, and joins their texts, for callers to whom one
 * string after the other is dear; see wbxml.cdef. It only says again what the records say. */

#ifndef MINISYNCML_WBXML_H
#define MINISYNCML_WBXML_H

#include <stddef.h>
#include <stdint.h>

#include "wbxml.cdef"

#endif
