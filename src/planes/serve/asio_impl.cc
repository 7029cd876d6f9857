// The out-of-line part of Asio, compiled once for the whole plane.

#include <boost/asio/impl/src.hpp>
