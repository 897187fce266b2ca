// openapi.h: the OpenAPI 3.1 document of the HTTP port: mandate.v1 out of its descriptors and the comments of its
// .proto files, AuthZEN as its specification has it.
//
// Threads     Free function; safe anywhere.
#ifndef MANDATE_SERVICE_HTTP_OPENAPI_H_
#define MANDATE_SERVICE_HTTP_OPENAPI_H_

#include <string>

namespace mandate {

// `url`: of the server.
std::string OpenApiDocument(const std::string& url);

}  // namespace mandate

#endif  // MANDATE_SERVICE_HTTP_OPENAPI_H_
