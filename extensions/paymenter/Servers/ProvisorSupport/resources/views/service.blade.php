@livewire('provisor-support.panel', ['service' => $service], key('provisor-support-' . $service->id))
