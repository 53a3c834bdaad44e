import type { PageState } from '../page-state.ts'
import { visible } from '../visible.ts'

let lastPage = ''

/** What belongs to the document rather than to a template: its title, and the focus after a change of page. */
export function afterRender({ view, texts }: PageState): void {
  const place =
    view.page === 'key' ? visible(view.key) : view.page === 'keys' ? texts.keys : texts.destroyedKeys
  document.title = `${place} · keytrail`
  const page = view.page === 'key' ? `key ${view.key}` : view.page
  if (page === lastPage) return
  // Not on the first showing: a reader starts at the top.
  if (lastPage !== '') {
    document.querySelector<HTMLElement>('h1')?.focus()
    scrollTo(0, 0)
  }
  lastPage = page
}
