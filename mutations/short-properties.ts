// SPDX-License-Identifier: Apache-2.0
import { configureGlobal } from "fast-check";

configureGlobal({ seed: 1, interruptAfterTimeLimit: 80, markInterruptAsFailure: false });
