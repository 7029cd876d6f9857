// The SDK's messages are read without a crash, whatever the bytes; what is read is read again as it
// is written.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "weir_sdk/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  weir_sdk::Value value;
  weir_sdk::Value again;
  if (value.ParseFromString(bytes) && !again.ParseFromString(value.SerializeAsString()))
    std::abort();
  weir_sdk::GrpcService service;
  static_cast<void>(service.ParseFromString(bytes));
  return 0;
}
