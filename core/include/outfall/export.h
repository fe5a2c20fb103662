/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file export.h
 * Version, visibility and compiler attributes of the public headers.
 */
#ifndef OUTFALL_EXPORT_H
#define OUTFALL_EXPORT_H

#define OUTFALL_VERSION_MAJOR 0
#define OUTFALL_VERSION_MINOR 1
#define OUTFALL_VERSION_PATCH 0
#define OUTFALL_VERSION_STRING "0.1.0"

#if defined(__GNUC__) || defined(__clang__)
#define OUTFALL_EXPORT __attribute__((visibility("default")))
#define OUTFALL_CHECK __attribute__((warn_unused_result))
#define OUTFALL_PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define OUTFALL_EXPORT
#define OUTFALL_CHECK
#define OUTFALL_PRINTF(string, first)
#endif

#ifdef __cplusplus
#define OUTFALL_STATIC_ASSERT(condition, message) static_assert(condition, message)
#else
#define OUTFALL_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#endif

#endif
