// A gRPC server for plugins to call. Prints its port, then serves until its standard input ends.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "grpc/echo.grpc.pb.h"

namespace {

using weir::test::Text;

std::string guest_of(const grpc::ServerContext& context) {
  const auto found = context.client_metadata().find("x-guest");
  return found == context.client_metadata().end()
             ? std::string()
             : std::string(found->second.data(), found->second.size());
}

class EchoService final : public weir::test::Echo::Service {
 public:
  grpc::Status Unary(grpc::ServerContext* context, const Text* request, Text* reply) override {
    if (request->text() == "fail") return {grpc::StatusCode::FAILED_PRECONDITION, "as asked"};
    while (request->text() == "hang" && !context->IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    reply->set_text("echo: " + request->text());
    return grpc::Status::OK;
  }

  grpc::Status Collect(grpc::ServerContext*, grpc::ServerReader<Text>* texts,
                       Text* reply) override {
    std::string all;
    for (Text text; texts->Read(&text);) all += "[" + text.text() + "]";
    reply->set_text(all);
    return grpc::Status::OK;
  }

  grpc::Status Chat(grpc::ServerContext* context,
                    grpc::ServerReaderWriter<Text, Text>* stream) override {
    context->AddInitialMetadata("x-initial", guest_of(*context));
    context->AddTrailingMetadata("x-trailing", guest_of(*context));
    for (Text text; stream->Read(&text);) {
      text.set_text("echo: " + text.text());
      stream->Write(text);
    }
    return grpc::Status::OK;
  }
};

}  // namespace

int main() {
  EchoService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::cout << port << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  return 0;
}
