// Two traces or two versions side by side.

import { localise } from "./time.mjs";

localise(document);
