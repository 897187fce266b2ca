#include "tools/connection_options.h"

#include <cstdlib>

#include "schema/text.h"

namespace mandate {

void AddConnectionOptions(CLI::App* command, ClientOptions* client) {
  const char* group = "Connection";
  Endpoint& server = client->server;
  command->add_flag("--tls", server.tls, "Encrypted; the server's certificate is one that this system trusts")
      ->group(group);
  command
      ->add_option("--tls-ca", server.tls_ca,
                   "PEM file of the CA that the server's certificate is of, in place of the system's")
      ->group(group);
  command->add_option("--tls-cert", server.tls_certificate, "PEM file of the client's own certificate, for mutual TLS")
      ->group(group);
  command->add_option("--tls-key", server.tls_key, "PEM file of its key")->group(group);
  command->add_option("--key-file", client->key_file, "File that holds the API key; else it is in MANDATE_KEY")
      ->group(group);
  command->add_flag("--insecure", server.insecure, "Send the key unencrypted, to other machines too")->group(group);
}

absl::Status LoadKey(ClientOptions* client) {
  if (client->key_file.empty()) {
    if (const char* key = std::getenv("MANDATE_KEY"); key != nullptr) client->server.key = key;
    return absl::OkStatus();
  }
  auto text = ReadFile(client->key_file);
  if (!text.ok()) return text.status();
  client->server.key = std::string(Strip(*text));
  if (!client->server.key.empty()) return absl::OkStatus();
  return InvalidArgument(Cat("`", client->key_file, "` holds no key"));
}

}  // namespace mandate
