// ldif_reader.h: the entries of an LDIF file (RFC 2849), as an LDAP server exports them.
//
//   absl::Status status = ReadLdif(source.get(), &sink);
//
// Attributes come under their name without options (`cn;lang-de` is `cn`), the name of the entry as `dn`. Folded lines,
// base64 and comments are understood. Refused, for reading on would be guessing: lists of changes, values that stand
// elsewhere (`:<`) and parts of a large attribute (`member;range=0-1499`), where the sink wants the attribute.
//
// Threads     Free functions; safe anywhere.
// Errors      INVALID_ARGUMENT, beginning with the line (`12: `); those of source and sink.
#ifndef MANDATE_TOOLS_SYNC_LDIF_READER_H_
#define MANDATE_TOOLS_SYNC_LDIF_READER_H_

#include "absl/status/status.h"
#include "tools/bulk/byte_source.h"
#include "tools/sync/entry_sink.h"

namespace mandate {

absl::Status ReadLdif(ByteSource* source, EntrySink* sink);

}  // namespace mandate

#endif  // MANDATE_TOOLS_SYNC_LDIF_READER_H_
