// relationship_writer.h: relationships as lines of a format that RelationshipReader reads.
//
// Threads     Free functions; safe anywhere.
#ifndef MANDATE_TOOLS_BULK_RELATIONSHIP_WRITER_H_
#define MANDATE_TOOLS_BULK_RELATIONSHIP_WRITER_H_

#include <string>

#include "schema/relationship.h"
#include "tools/bulk/format.h"

namespace mandate {

// The line that the file begins with, with its end; empty for most formats.
std::string HeaderLine(Format format);

// REQUIRES: the format is not a directory's.
void AppendLine(Format format, const Relationship& relationship, std::string* out);

}  // namespace mandate

#endif  // MANDATE_TOOLS_BULK_RELATIONSHIP_WRITER_H_
