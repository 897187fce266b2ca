// tls_files.h: where the server's certificate is.
#ifndef MANDATE_SERVICE_ACCESS_TLS_FILES_H_
#define MANDATE_SERVICE_ACCESS_TLS_FILES_H_

#include <string>

namespace mandate {

// PEM files.
struct TlsFiles {
  std::string certificate;  // The server's, and behind it those up to its CA.
  std::string key;
  std::string client_ca;  // Empty: callers need no certificate.
  bool empty() const { return certificate.empty() && key.empty() && client_ca.empty(); }
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_ACCESS_TLS_FILES_H_
