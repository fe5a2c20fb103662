/* SPDX-License-Identifier: Apache-2.0 */
/* Entry points: the only symbols that the module shows. */
#ifndef STI_EXPORT_H
#define STI_EXPORT_H

#define STI_EXPORT __attribute__((visibility("default")))

#endif
