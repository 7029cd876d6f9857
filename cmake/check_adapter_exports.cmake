# cmake -DADAPTER=FILE -DNM=nm -P: fails unless the shared object exports weir_engine_adapter alone.
# Whatever else two adapters exported could be taken for each other's, in one process.

execute_process(COMMAND "${NM}" -D --defined-only --format=just-symbols "${ADAPTER}"
                OUTPUT_VARIABLE symbols OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
if(NOT symbols STREQUAL "weir_engine_adapter")
  message(FATAL_ERROR "${ADAPTER} exports more or less than weir_engine_adapter:\n${symbols}")
endif()
