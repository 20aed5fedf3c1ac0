// A page that stays as it is: its times alone are its reader's.

import { localise } from "./time.mjs";

localise(document);
