/* SPDX-License-Identifier: Apache-2.0 */
/* What a line gave to a parser. */
#ifndef OF_CLI_RECORD_H
#define OF_CLI_RECORD_H

enum of_record {
    OF_RECORD_NONE,     /* No record ended with this line. */
    OF_RECORD_ROW,      /* The rows have one more; its offset is the line at which it starts. */
    OF_RECORD_REJECTED, /* *rejection says why; what it borrows lives until the next call. */
    OF_RECORD_FAILED    /* Out of memory. */
};

#endif
