import type { Result } from '../mysql/packets.ts';
import type { Statement } from '../sql/ast.ts';
import type { FrontendContext } from './context.ts';
import type { Session } from './session.ts';

/** Where a statement takes effect: a follower passes `leader` statements on and answers `local` ones itself. */
export type Place = 'leader' | 'local';
export type StatementOf = { [S in Statement as S['kind']]: S };
export type StatementKind = keyof StatementOf;
export type Execution<S> = { statement: S; session: Session; fe: FrontendContext; text: string };
export type Handler<S> = {
  place: Place | ((statement: S, fe: FrontendContext, session: Session) => Place);
  run(execution: Execution<S>): Promise<Result> | Result;
};
export type Handlers<K extends StatementKind> = { [Kind in K]: Handler<StatementOf[Kind]> };

export function onLeader<S>(run: Handler<S>['run']): Handler<S> {
  return { place: 'leader', run };
}

export function locally<S>(run: Handler<S>['run']): Handler<S> {
  return { place: 'local', run };
}
