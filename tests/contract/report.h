/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the suites did, and what they have shown of types. With OUTFALL_TEST_REPORTS set it is also
 * kept there, a file for each suite, of which tests/contract/report.py makes the whole.
 */
#ifndef CONTRACT_REPORT_H
#define CONTRACT_REPORT_H

#include <stdint.h>

enum report_outcome { REPORT_NOT_RUN, REPORT_FAILED, REPORT_PASSED, REPORT_NOT_APPLICABLE };

/* Starts and ends a suite's part. */
void report_open(const char *suite);
void report_close(void);

/* `reason`: why it is not applicable; static text or NULL. */
void report_case(const char *name, enum report_outcome outcome, const char *reason,
                 int64_t took_us);

/* A fact about a type that has just been seen to hold: `what` of `subject` is `value`. */
void report_type(const char *what, const char *subject, const char *value);

/* Prints suites × cases. */
void report_print(void);

#endif
