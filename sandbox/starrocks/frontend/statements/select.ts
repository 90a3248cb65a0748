import { type Handlers, locally } from '../handlers.ts';
import { runSelect } from '../query/select.ts';

export const selectHandlers: Handlers<'select'> = {
  select: locally(({ statement, session, fe }) => runSelect(statement, { fe, session })),
};
