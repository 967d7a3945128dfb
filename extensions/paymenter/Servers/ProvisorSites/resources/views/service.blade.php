@livewire('provisor-sites.panel', ['service' => $service], key('provisor-sites-' . $service->id))
