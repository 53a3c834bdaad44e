import { render } from 'lit'
import { Controller } from './controller.ts'
import { Preferences } from './preferences.ts'
import { afterRender } from './view/after-render.ts'
import { app } from './view/app.ts'

const root = document.getElementById('console')
if (root === null) throw new Error('index.html has no #console')

let scheduled = false
const controller = new Controller(new Preferences(navigator.languages), Date.now, () => {
  if (scheduled) return
  scheduled = true
  queueMicrotask(() => {
    scheduled = false
    draw(root)
  })
})

function draw(target: HTMLElement): void {
  const { state, actions } = controller
  const html = document.documentElement
  html.lang = state.language
  html.dataset['theme'] = state.theme
  render(app({ state, actions }), target)
  afterRender(state)
}

// On a phone the table does not scroll, the page does.
addEventListener('scroll', () => {
  const top = document.querySelector('.records-scroll')?.getBoundingClientRect().top ?? 0
  controller.actions.pauseLive('page', top < 0)
})
addEventListener('popstate', () => controller.show())
controller.show()
