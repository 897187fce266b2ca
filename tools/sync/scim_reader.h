// scim_reader.h: the Users and Groups of a SCIM 2.0 ListResponse (RFC 7644, 3.4.2), as an identity provider gives them.
//
//   absl::Status status = ReadScim(source.get(), &sink);
//
// Attributes come under their path (`name.familyname`, `members.value`), truth as `true` and `false`, numbers as they
// are written; null is absent. A response that is one page of several is refused: what the others hold would seem gone.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT, beginning with the line (`12: `); those of source and sink.
#ifndef MANDATE_TOOLS_SYNC_SCIM_READER_H_
#define MANDATE_TOOLS_SYNC_SCIM_READER_H_

#include "absl/status/status.h"
#include "tools/bulk/byte_source.h"
#include "tools/sync/entry_sink.h"

namespace mandate {

absl::Status ReadScim(ByteSource* source, EntrySink* sink);

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_SCIM_READER_H_
