// The out-of-line parts of Asio and Beast, compiled once for the whole plane.

#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
