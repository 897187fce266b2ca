// endpoint.h: where a server is, and what a client shows it.
//
//   Client client("localhost:50051");      // An address alone is an endpoint.
//
// A key goes unencrypted to this machine alone, unless `insecure` says otherwise.
#ifndef MANDATE_SERVICE_ENDPOINT_H_
#define MANDATE_SERVICE_ENDPOINT_H_

#include <string>
#include <utility>

namespace mandate {

struct Endpoint {
  Endpoint(std::string address = "localhost:50051") : address(std::move(address)) {}  // NOLINT: an address is one.

  std::string address;          // HOST:PORT
  bool tls = false;             // Implied by the files below.
  std::string tls_ca;           // PEM file of whom the server's certificate is trusted from; empty: the system's.
  std::string tls_certificate;  // PEM files of the client's own, for mutual TLS.
  std::string tls_key;
  std::string key;        // The API key; empty: none.
  bool insecure = false;  // A key may travel unencrypted beyond this machine.

  bool uses_tls() const { return tls || !tls_ca.empty() || !tls_certificate.empty() || !tls_key.empty(); }
};

}  // namespace mandate

#endif  // MANDATE_SERVICE_ENDPOINT_H_
