#pragma once
// Where gRPC meets plain HTTP: requests that are gRPC, and statuses of one as the other's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::planes {

// Whether the content type is gRPC's: "application/grpc", perhaps with "+proto" or the like.
bool is_grpc_content_type(std::string_view content_type);

// gRPC's "HTTP to gRPC Status Code Mapping".
int32_t grpc_status_of(uint32_t http_status);

// gRPC's "gRPC to HTTP", the other way round, as Envoy has it; 500 for what is no status.
uint32_t http_status_of(int64_t grpc_status);

// What a grpc-status header says; nothing where it is no number.
std::optional<int64_t> parse_grpc_status(std::string_view text);

// "NotFound", or "NOT_FOUND"; of a number that is no status, the number.
std::string grpc_status_name(int64_t status, bool snake_case);

}  // namespace weir::planes
