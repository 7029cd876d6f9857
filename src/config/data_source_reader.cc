#include "config/data_source_reader.h"

#include "weir/envoy/core.pb.h"

namespace weir::config {

namespace core = envoy::config::core::v3;

Result<DataSource> read_data_source(const core::DataSource& source, const Place& at,
                                    std::string_view example) {
  if (source.has_watched_directory() && !source.has_filename()) {
    return at.field("watched_directory")
        .error("there is no file to watch; it goes with 'filename'");
  }
  switch (source.specifier_case()) {
    case core::DataSource::kFilename:
      return DataSource(LocalFile{source.filename(), source.watched_directory().path()});
    case core::DataSource::kInlineBytes:
      return DataSource(InlineBytes{source.inline_bytes()});
    case core::DataSource::kInlineString:
      return DataSource(InlineBytes{source.inline_string()});
    case core::DataSource::kEnvironmentVariable:
      return DataSource(EnvironmentVariable{source.environment_variable()});
    case core::DataSource::SPECIFIER_NOT_SET:
      break;
  }
  return at.error("says no place; write filename: " + std::string(example));
}

}  // namespace weir::config
