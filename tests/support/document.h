/* SPDX-License-Identifier: Apache-2.0 */
/* Documents, for tests that hold them to the code. Within a test of cmocka. */
#ifndef SUPPORT_DOCUMENT_H
#define SUPPORT_DOCUMENT_H

/* How an action of the library is written, by its number. */
extern const char *const document_actions[];

/*
 * The text of a document, by its path from the root; it lasts until another is read. The test fails
 * where it cannot be read: OUTFALL_SOURCE names the root, else it is the working directory.
 */
const char *document_read(const char *path);

/*
 * The test fails unless `lines` are the document's table below `head`, each with its line feed. It
 * prints them then: they are what the document must have.
 */
void document_expect_table(const char *path, const char *head, const char *lines);

#endif
