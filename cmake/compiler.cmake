# SPDX-License-Identifier: Apache-2.0
# How C is compiled and linked, throughout.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla)
# A message that is too long is cut: that is what snprintf is used for.
add_compile_options($<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)

set(CMAKE_C_FLAGS_SANITIZE "-O1 -g -fno-omit-frame-pointer" CACHE STRING "Flags of sanitizer builds")
mark_as_advanced(CMAKE_C_FLAGS_SANITIZE)

if(OUTFALL_SANITIZE)
  add_compile_options(-fsanitize=${OUTFALL_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${OUTFALL_SANITIZE})
else()
  # Every symbol is found at link time: so a driver cannot come to need liboutfall. (The
  # sanitizers' own symbols come from the program, so not with them.)
  add_link_options(LINKER:-z,defs LINKER:-z,relro LINKER:-z,now)
  add_compile_options(-fstack-protector-strong "$<$<CONFIG:Release>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
endif()
if(OUTFALL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# A program finds the library of its own installation, wherever that was moved to.
file(RELATIVE_PATH libdir_from_bindir ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set(CMAKE_INSTALL_RPATH "$ORIGIN/${libdir_from_bindir}")
