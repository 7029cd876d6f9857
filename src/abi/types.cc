#include "abi/types.h"

namespace weir::abi {

std::string_view to_string(Status status) {
  switch (status) {
    case Status::Ok:
      return "Ok";
    case Status::NotFound:
      return "NotFound";
    case Status::BadArgument:
      return "BadArgument";
    case Status::SerializationFailure:
      return "SerializationFailure";
    case Status::ParseFailure:
      return "ParseFailure";
    case Status::InvalidMemoryAccess:
      return "InvalidMemoryAccess";
    case Status::Empty:
      return "Empty";
    case Status::CasMismatch:
      return "CasMismatch";
    case Status::InternalFailure:
      return "InternalFailure";
    case Status::Unimplemented:
      return "Unimplemented";
  }
  return "(unknown status)";
}

std::string_view to_string(AbiVersion version) {
  switch (version) {
    case AbiVersion::V010:
      return "0.1.0";
    case AbiVersion::V020:
      return "0.2.0";
    case AbiVersion::V021:
      return "0.2.1";
  }
  return "(unknown version)";
}

}  // namespace weir::abi
